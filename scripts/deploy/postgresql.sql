-- The drop's role and database. Run again it changes nothing.
SELECT 'CREATE ROLE intake LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'intake') \gexec
SELECT 'GRANT pg_checkpoint TO intake' WHERE NOT pg_has_role('intake', 'pg_checkpoint', 'MEMBER') \gexec
SELECT 'CREATE DATABASE intake OWNER intake TEMPLATE template0 ENCODING ''UTF8'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'intake') \gexec
\connect intake
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO intake;
REVOKE ALL ON DATABASE intake FROM PUBLIC;
