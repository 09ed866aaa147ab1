"""Networks of other projects, layer by layer, so that their published checkpoints load."""
