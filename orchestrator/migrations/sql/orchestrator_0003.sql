-- Mails to people who have no account yet: an invitation goes the road of every other mail. Its text holds a token that is
-- good once, so it is forgotten when it was sent.
alter table notice alter column principal_id drop not null;
alter table notice add column invitation_id uuid references invitation;
alter table notice add constraint notice_has_one_addressee check ((principal_id is null) <> (invitation_id is null));

-- The API may write this one mail, and read none.
create function enqueue_invitation(invited uuid, subject_line text, content text) returns void language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    insert into notice (invitation_id, subject, body) values (invited, subject_line, content);
end $$;
revoke execute on function enqueue_invitation(uuid, text, text) from public;
grant execute on function enqueue_invitation(uuid, text, text) to irisplane_api, irisplane_platform;
