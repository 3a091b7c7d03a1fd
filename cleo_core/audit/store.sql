create table if not exists audit_leaves (seq integer primary key, data blob not null, hash blob not null) strict;
create table if not exists audit_nodes (
    level integer not null, idx integer not null, hash blob not null, primary key (level, idx)
) strict, without rowid;
create table if not exists audit_checkpoints (size integer primary key, envelope text not null) strict;
create trigger if not exists audit_leaves_stay before update on audit_leaves
    begin select raise(abort, 'the audit log is append-only'); end;
create trigger if not exists audit_leaves_remain before delete on audit_leaves
    begin select raise(abort, 'the audit log is append-only'); end;
