"""Commands that search, train and measure: each runs rounds on a database."""
