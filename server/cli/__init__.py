"""What a person types: `cryokeep up`, `web`, `worker`, `migrate`, `backup` and the others."""
