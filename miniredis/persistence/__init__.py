"""AOF and snapshot services: writer, loader, rewrite."""
