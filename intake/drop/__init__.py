"""The drop: the online server that takes sealed reports, keeps them, and hands them over in bundles.

`config` what the operator sets · `folder` DATA · `tables`, `migrations`, `store` the database · `belief` the keyring
that is served · `acceptance` which bodies are taken · `sanity`, `headers`, `problems` what every answer has in common ·
`app` the routes · `plain` reports written without JavaScript · `pages`, `assets` what a witness sees · `server` the
sockets · `export` bundles · `commands` the door `intake drop`. It can't read a word of what it keeps.
"""
