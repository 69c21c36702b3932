"""What each effect of a decision writes, one kind of row a module. `store/changes.py` says which effect is whose."""
