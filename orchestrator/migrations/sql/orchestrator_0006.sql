-- What ran on a thing, without reading every step that ever was.
create index change_step_target on change_step (target_id, change_id);
