"""Surveys: many flows or destinations in one run, without a stopping rule."""
