"""Values along the genome: sequence, bigWig, contacts, intervals."""
