"""Candidates for gold rows, made by rule from documents: material for a reviewer, never part of a suite by itself."""
