"""Live: micro-batches of landed posts become provisional trends and rankings; what sealing changes is reported."""
