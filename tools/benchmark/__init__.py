"""What `./dev bench` is made of: rows of work (works/), and how each is measured."""
