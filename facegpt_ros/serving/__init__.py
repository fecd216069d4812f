"""The other end of estimator.server: a model repository for Triton, and a Triton that serves it."""
