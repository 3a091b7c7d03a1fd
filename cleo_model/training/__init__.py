"""Training: `phase` is one phase as a stage; `launch` starts `rank` processes, each a `trainer` over an `engine`."""
