"""How words and values are read and found again in documents: what several families check statements by. Pure."""
