"""Golden numbers: what each objective, classifier, encoder and readout computes, recorded to compare with later."""
