"""Pictures of posts: what they show."""
