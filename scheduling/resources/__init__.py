"""What the admin imports and exports, table by table."""
