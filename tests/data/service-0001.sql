-- A database of the service's first release, with a row in each table. Never changed: later migrations start here.
BEGIN TRANSACTION;
CREATE TABLE assignments (
	course_id VARCHAR(16) NOT NULL, 
	title TEXT NOT NULL, 
	source TEXT NOT NULL, 
	open BOOLEAN NOT NULL, 
	policy JSON NOT NULL, 
	version_id VARCHAR(16), 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_assignments PRIMARY KEY (id), 
	CONSTRAINT fk_assignments_course_id FOREIGN KEY(course_id) REFERENCES courses (id)
);
INSERT INTO "assignments" VALUES('course0000000000','Optimizers','optimizers',0,'{}','version000000000','assignment000000',1795000000.0);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	actor_id VARCHAR(16), 
	course_id VARCHAR(16), 
	action VARCHAR(60) NOT NULL, 
	object_id VARCHAR(100) NOT NULL, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,1795000000.0,'x','course0000000000','x','x','{}');
CREATE TABLE courses (
	title TEXT NOT NULL, 
	keep_days INTEGER, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_courses PRIMARY KEY (id)
);
INSERT INTO "courses" VALUES('Machine learning systems',1,'course0000000000',1795000000.0);
CREATE TABLE diagnoses (
	report_id VARCHAR(16) NOT NULL, 
	misconception VARCHAR(100) NOT NULL, 
	criterion VARCHAR(100) NOT NULL, 
	title TEXT NOT NULL, 
	CONSTRAINT pk_diagnoses PRIMARY KEY (report_id, misconception), 
	CONSTRAINT fk_diagnoses_report_id FOREIGN KEY(report_id) REFERENCES reports (id)
);
INSERT INTO "diagnoses" VALUES('report0000000000','x','x','x');
CREATE TABLE downloads (
	assignment_id VARCHAR(16) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	told TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_downloads PRIMARY KEY (id), 
	CONSTRAINT fk_downloads_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT uq_downloads_assignment_id_kind_digest UNIQUE (assignment_id, kind, digest)
);
INSERT INTO "downloads" VALUES('assignment000000','x','x','x','x',1,X'78','download00000000',1795000000.0);
CREATE TABLE extensions (
	assignment_id VARCHAR(16) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	due_at DOUBLE NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (assignment_id, user_id), 
	CONSTRAINT fk_extensions_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT fk_extensions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "extensions" VALUES('assignment000000','user000000000000',1795000000.0,'x');
CREATE TABLE gradmark_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT gradmark_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "gradmark_version" VALUES('0001');
CREATE TABLE jobs (
	kind VARCHAR(16) NOT NULL, 
	lane VARCHAR(12) NOT NULL, 
	priority INTEGER NOT NULL, 
	course_id VARCHAR(16), 
	user_id VARCHAR(16), 
	submission_id VARCHAR(16), 
	payload JSON NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	failures INTEGER NOT NULL, 
	starts INTEGER NOT NULL, 
	worker_id VARCHAR(40), 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	result JSON NOT NULL, 
	error TEXT NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_jobs PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES('mark','interactive',1,'course0000000000','user000000000000','submission000000','{}','done',1,1,'worker0000000000',1795000000.0,1795000000.0,'{}','x','job0000000000000',1795000000.0);
CREATE TABLE keys (
	public JSON NOT NULL, 
	sealed BLOB NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_keys PRIMARY KEY (id)
);
INSERT INTO "keys" VALUES('{}',X'78','key0000000000000',1795000000.0);
CREATE TABLE launches (
	state_hash VARCHAR(64) NOT NULL, 
	nonce VARCHAR(64) NOT NULL, 
	platform_id VARCHAR(16) NOT NULL, 
	target TEXT NOT NULL, 
	settings JSON NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	used_at DOUBLE, 
	CONSTRAINT pk_launches PRIMARY KEY (state_hash), 
	CONSTRAINT fk_launches_platform_id FOREIGN KEY(platform_id) REFERENCES platforms (id), 
	CONSTRAINT uq_launches_nonce UNIQUE (nonce)
);
INSERT INTO "launches" VALUES('x','x','platform00000000','x','{}',1795000000.0,1795000000.0);
CREATE TABLE links (
	token_hash VARCHAR(64) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	used_at DOUBLE, 
	CONSTRAINT pk_links PRIMARY KEY (token_hash), 
	CONSTRAINT fk_links_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "links" VALUES('x','user000000000000',1795000000.0,1795000000.0,1795000000.0);
CREATE TABLE memberships (
	course_id VARCHAR(16) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	role VARCHAR(8) NOT NULL, 
	roster_id VARCHAR(100) NOT NULL, 
	section TEXT NOT NULL, 
	dropped BOOLEAN NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_memberships PRIMARY KEY (course_id, user_id), 
	CONSTRAINT fk_memberships_course_id FOREIGN KEY(course_id) REFERENCES courses (id), 
	CONSTRAINT fk_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_memberships_course_id_roster_id UNIQUE (course_id, roster_id)
);
INSERT INTO "memberships" VALUES('course0000000000','user000000000000','student','x','x',0,1795000000.0);
CREATE TABLE notices (
	user_id VARCHAR(16) NOT NULL, 
	submission_id VARCHAR(16), 
	text TEXT NOT NULL, 
	seen_at DOUBLE, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_notices PRIMARY KEY (id), 
	CONSTRAINT fk_notices_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "notices" VALUES('user000000000000','submission000000','x',1795000000.0,'notice0000000000',1795000000.0);
CREATE TABLE passbacks (
	resource_id VARCHAR(16) NOT NULL, 
	platform_id VARCHAR(16) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	body JSON NOT NULL, 
	sent_at DOUBLE NOT NULL, 
	CONSTRAINT pk_passbacks PRIMARY KEY (resource_id, platform_id, subject), 
	CONSTRAINT fk_passbacks_platform_id_subject FOREIGN KEY(platform_id, subject) REFERENCES platform_users (platform_id, subject), 
	CONSTRAINT fk_passbacks_resource_id FOREIGN KEY(resource_id) REFERENCES resources (id)
);
INSERT INTO "passbacks" VALUES('resource00000000','platform00000000','x','{}',1795000000.0);
CREATE TABLE platform_users (
	platform_id VARCHAR(16) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_platform_users PRIMARY KEY (platform_id, subject), 
	CONSTRAINT fk_platform_users_platform_id FOREIGN KEY(platform_id) REFERENCES platforms (id), 
	CONSTRAINT fk_platform_users_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "platform_users" VALUES('platform00000000','x','user000000000000');
CREATE TABLE platforms (
	course_id VARCHAR(16) NOT NULL, 
	issuer VARCHAR(500) NOT NULL, 
	client_id VARCHAR(200) NOT NULL, 
	deployments JSON NOT NULL, 
	context VARCHAR(255) NOT NULL, 
	authorize_url TEXT NOT NULL, 
	token_url TEXT NOT NULL, 
	jwks_url TEXT NOT NULL, 
	key_set JSON NOT NULL, 
	keys_at DOUBLE, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_platforms PRIMARY KEY (id), 
	CONSTRAINT fk_platforms_course_id FOREIGN KEY(course_id) REFERENCES courses (id), 
	CONSTRAINT uq_platforms_issuer_client_id UNIQUE (issuer, client_id)
);
INSERT INTO "platforms" VALUES('course0000000000','x','x','[]','x','x','x','x','{}',1795000000.0,'platform00000000',1795000000.0);
CREATE TABLE regrades (
	assignment_id VARCHAR(16) NOT NULL, 
	version_id VARCHAR(16) NOT NULL, 
	by_id VARCHAR(16) NOT NULL, 
	state VARCHAR(9) NOT NULL, 
	lowering BOOLEAN NOT NULL, 
	applied_at DOUBLE, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_regrades PRIMARY KEY (id), 
	CONSTRAINT fk_regrades_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id)
);
INSERT INTO "regrades" VALUES('assignment000000','version000000000','x','applied',0,1795000000.0,'regrade000000000',1795000000.0);
CREATE TABLE reports (
	submission_id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	seed BIGINT NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	score DOUBLE NOT NULL, 
	max_score DOUBLE NOT NULL, 
	texts JSON NOT NULL, 
	body BLOB NOT NULL, 
	pictures BLOB, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_reports PRIMARY KEY (id), 
	CONSTRAINT fk_reports_submission_id FOREIGN KEY(submission_id) REFERENCES submissions (id), 
	CONSTRAINT uq_reports_submission_id_digest_seed UNIQUE (submission_id, digest, seed)
);
INSERT INTO "reports" VALUES('submission000000','x',1,'graded',1795000000.0,1795000000.0,'[]',X'78',X'78','report0000000000',1795000000.0);
CREATE TABLE resources (
	platform_id VARCHAR(16) NOT NULL, 
	deployment VARCHAR(255) NOT NULL, 
	context VARCHAR(255) NOT NULL, 
	link VARCHAR(255) NOT NULL, 
	assignment_id VARCHAR(16), 
	line_item TEXT NOT NULL, 
	scopes JSON NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_resources PRIMARY KEY (id), 
	CONSTRAINT fk_resources_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT fk_resources_platform_id FOREIGN KEY(platform_id) REFERENCES platforms (id), 
	CONSTRAINT uq_resources_platform_id_deployment_context_link UNIQUE (platform_id, deployment, context, link)
);
INSERT INTO "resources" VALUES('platform00000000','x','x','x','assignment000000','x','[]','resource00000000',1795000000.0);
CREATE TABLE sessions (
	token_hash VARCHAR(64) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	csrf VARCHAR(64) NOT NULL, 
	course_id VARCHAR(16), 
	made_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "sessions" VALUES('x','user000000000000','x','course0000000000',1795000000.0,1795000000.0);
CREATE TABLE sheets (
	assignment_id VARCHAR(16) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	seed BIGINT NOT NULL, 
	items JSON NOT NULL, 
	answers JSON NOT NULL, 
	saved_at DOUBLE NOT NULL, 
	CONSTRAINT pk_sheets PRIMARY KEY (assignment_id, user_id), 
	CONSTRAINT fk_sheets_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT fk_sheets_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "sheets" VALUES('assignment000000','user000000000000','x',1,'[]','{}',1795000000.0);
CREATE TABLE submissions (
	assignment_id VARCHAR(16) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	number INTEGER NOT NULL, 
	practice BOOLEAN NOT NULL, 
	name TEXT NOT NULL, 
	upload BLOB, 
	digest VARCHAR(64) NOT NULL, 
	answers JSON NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	late_seconds DOUBLE NOT NULL, 
	report_id VARCHAR(16), 
	idempotency_key VARCHAR(100) NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_submissions PRIMARY KEY (id), 
	CONSTRAINT fk_submissions_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT fk_submissions_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_submissions_assignment_id_user_id_number UNIQUE (assignment_id, user_id, number), 
	CONSTRAINT uq_submissions_user_id_idempotency_key UNIQUE (user_id, idempotency_key)
);
INSERT INTO "submissions" VALUES('assignment000000','user000000000000',1,0,'optimizers.py',X'6465662073676428293A202E2E2E0A','e5a9a3e4a42b96d31fe0ac0471d4e7c128cf7c80a989bf8999ce5f95aa5e2dce','{}','graded',1795000000.0,'report0000000000','x','submission000000',1795000000.0);
CREATE TABLE text_marks (
	assignment_id VARCHAR(16) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	item_id VARCHAR(100) NOT NULL, 
	answer_digest VARCHAR(64) NOT NULL, 
	points DOUBLE NOT NULL, 
	comment TEXT NOT NULL, 
	by_id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_text_marks PRIMARY KEY (assignment_id, user_id, item_id, answer_digest), 
	CONSTRAINT fk_text_marks_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT fk_text_marks_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "text_marks" VALUES('assignment000000','user000000000000','x','x',1795000000.0,'x','x',1795000000.0);
CREATE TABLE tokens (
	token_hash VARCHAR(64) NOT NULL, 
	user_id VARCHAR(16) NOT NULL, 
	name TEXT NOT NULL, 
	read_only BOOLEAN NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	revoked_at DOUBLE, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_tokens PRIMARY KEY (id), 
	CONSTRAINT fk_tokens_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_tokens_token_hash UNIQUE (token_hash)
);
INSERT INTO "tokens" VALUES('x','user000000000000','x',0,1795000000.0,1795000000.0,'token00000000000',1795000000.0);
CREATE TABLE users (
	name TEXT NOT NULL, 
	email VARCHAR(320), 
	operator BOOLEAN NOT NULL, 
	erased_at DOUBLE, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_email UNIQUE (email)
);
INSERT INTO "users" VALUES('Ada','ada@example.org',0,1795000000.0,'user000000000000',1795000000.0);
CREATE TABLE versions (
	assignment_id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	proof JSON NOT NULL, 
	about JSON NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	made_at DOUBLE NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (id), 
	CONSTRAINT fk_versions_assignment_id FOREIGN KEY(assignment_id) REFERENCES assignments (id), 
	CONSTRAINT uq_versions_assignment_id_digest UNIQUE (assignment_id, digest)
);
INSERT INTO "versions" VALUES('assignment000000','x','proven','{}','{}','version000000000',1795000000.0);
CREATE TABLE workers (
	id VARCHAR(40) NOT NULL, 
	started_at DOUBLE NOT NULL, 
	beat_at DOUBLE NOT NULL, 
	slots INTEGER NOT NULL, 
	sandbox VARCHAR(12) NOT NULL, 
	CONSTRAINT pk_workers PRIMARY KEY (id)
);
INSERT INTO "workers" VALUES('worker0000000000',1795000000.0,1795000000.0,1,'x');
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_course_id ON audit (course_id);
CREATE INDEX ix_jobs_course_kind ON jobs (course_id, kind, made_at);
CREATE INDEX ix_jobs_finished_at ON jobs (finished_at);
CREATE INDEX ix_jobs_state_priority ON jobs (state, priority, made_at);
CREATE INDEX ix_jobs_submission_id ON jobs (submission_id);
CREATE INDEX ix_jobs_user_id ON jobs (user_id);
CREATE INDEX ix_assignments_course_id ON assignments (course_id);
CREATE INDEX ix_links_user_id ON links (user_id);
CREATE INDEX ix_memberships_user_id ON memberships (user_id);
CREATE INDEX ix_notices_user_id ON notices (user_id);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_tokens_user_id ON tokens (user_id);
CREATE INDEX ix_platform_users_user_id ON platform_users (user_id);
CREATE INDEX ix_regrades_assignment_id ON regrades (assignment_id);
CREATE INDEX ix_resources_assignment_id ON resources (assignment_id);
CREATE INDEX ix_submissions_assignment_made ON submissions (assignment_id, made_at);
CREATE INDEX ix_submissions_counted ON submissions (assignment_id, practice, state, user_id, number);
CREATE INDEX ix_submissions_standing ON submissions (assignment_id, practice, user_id, late_seconds, number, made_at, report_id, id);
CREATE INDEX ix_submissions_user_id ON submissions (user_id);
CREATE INDEX ix_versions_assignment_id ON versions (assignment_id);
CREATE INDEX ix_reports_verdict ON reports (id, status, score, max_score);
COMMIT;
