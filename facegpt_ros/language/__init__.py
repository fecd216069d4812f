"""Faces in words: what can be named about a face, sentences that name it, and faces that have it."""
