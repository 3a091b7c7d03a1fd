"""From text to weights: corpus, mixture of experts, curriculum, training. README.md has the picture of the way."""
