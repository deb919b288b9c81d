"""The sections of the Compare tab: what is counted, and what is written beside GPT-2."""
