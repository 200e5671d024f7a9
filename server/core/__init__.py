"""What every floor rests on: errors, words, time, settings, the database, who acts."""
