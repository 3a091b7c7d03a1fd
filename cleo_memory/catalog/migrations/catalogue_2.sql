-- jobs that delete a forgotten memory's copies are called `tombstone`, before `bury`
UPDATE outbox SET action = 'tombstone' WHERE action = 'bury';
