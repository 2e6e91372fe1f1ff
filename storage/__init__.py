"""Where things are kept: engine, tables, migrations, the spool and its writer. Knows nothing of the other
packages."""
