"""The offline desk: opens sealed reports and works on them. It never opens an internet socket."""
