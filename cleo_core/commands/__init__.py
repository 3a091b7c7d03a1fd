"""The commands that belong to no single part: keys, settings, set-up, audit, proof."""
