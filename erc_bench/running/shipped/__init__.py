"""Training in another process: what goes there and what comes back as bytes (JSON and safetensors), never a pickle.

What goes there holds labels of train and dev alone; what comes back holds scores, and no metrics on test.
"""
