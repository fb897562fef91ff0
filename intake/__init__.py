"""Amonat: anonymous, end-to-end encrypted intake for reports of detention, with an offline desk for its reviewers."""
