-- A day of a figure says what it is of and in which unit, for who reads the table alone.
alter table figure_day add column subject text not null default '', add column unit text not null default 'count';
