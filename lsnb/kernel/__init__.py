"""What several packages decide alike, decided once: files written whole, names from elsewhere, errors as sentences."""
