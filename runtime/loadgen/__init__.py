"""LoadGen's settings, sample library, system under test and logs."""
