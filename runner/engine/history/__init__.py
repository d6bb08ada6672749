"""What has been applied: yoyo's tables and ours, the migration lock, yoyo's order. The only room that knows yoyo."""
