"""E-licences (电子证照) in use: shown by the holder, called by other systems, offered as material, made in batches."""
