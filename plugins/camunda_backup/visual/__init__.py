"""Pictures of the restored web apps, for the person who signs off."""
