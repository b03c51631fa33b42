'use strict';
// The unmodified `node-vault` client against a running server; node's own test runner.
// VAULT_ADDR, VAULT_TOKEN, INTEROP_EMPTY_ADDR and INTEROP_TAGS as in tests.py.

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const vault = require('node-vault');

const tags = (process.env.INTEROP_TAGS || 'core,logins,identity,wrapping,leases,operator').split(',');
const empty = process.env.INTEROP_EMPTY_ADDR;

const unique = (stem) => `${stem}-${randomBytes(3).toString('hex')}`;
// A client takes over the token of any answer that holds one: each maker of tokens is a client of its own.
const client = (token = process.env.VAULT_TOKEN, more = {}) => vault({ endpoint: process.env.VAULT_ADDR, token, ...more });

// A client that sends no token: an empty one would be replaced by the environment's.
function visitor(endpoint = process.env.VAULT_ADDR) {
  const it = vault({ endpoint });
  it.token = undefined;
  return it;
}

// A test that belongs to one part of the API and is not defined when that part is not asked for.
function tagged(tag, name, body) {
  if (tags.includes(tag) && (tag !== 'operator' || empty)) test(`${tag}: ${name}`, body);
}

// The promise must be refused with this status, and with a text that people search for.
async function refused(promise, status, text = '') {
  await assert.rejects(promise, (err) => {
    assert.equal(err.response?.statusCode, status, err.message);
    assert.ok(err.message.includes(text), `no '${text}' in '${err.message}'`);
    return true;
  });
}

async function mounted(version) {
  const name = unique('kv');
  await client().mount({ mount_point: name, type: 'kv', options: { version } });
  return name;
}

tagged('core', 'state of the server', async () => {
  const it = visitor();
  const health = await it.health();
  assert.deepEqual([health.initialized, health.sealed], [true, false]);
  assert.equal((await it.initialized()).initialized, true);
  assert.equal((await it.status()).sealed, false);
  assert.equal((await it.leader()).ha_enabled, false);
});

tagged('core', 'key/value version 2', async () => {
  const it = client();
  const mount = await mounted('2');
  const written = await it.write(`${mount}/data/app/db`, { data: { password: 'one', n: 1.5 } });
  assert.equal(written.data.version, 1);
  assert.deepEqual((await it.read(`${mount}/data/app/db`)).data.data, { password: 'one', n: 1.5 });
  await refused(it.write(`${mount}/data/app/db`, { data: {}, options: { cas: 0 } }), 400,
    'check-and-set parameter did not match the current version');
  await it.update(`${mount}/data/app/db`, { data: { user: 'app', n: null } });
  assert.deepEqual((await it.read(`${mount}/data/app/db?version=2`)).data.data, { password: 'one', user: 'app' });
  assert.deepEqual((await it.list(`${mount}/metadata`)).data.keys, ['app/']);
  assert.deepEqual((await it.list(`${mount}/metadata/app/`)).data.keys, ['db']);
  await it.delete(`${mount}/data/app/db`);
  await refused(it.read(`${mount}/data/app/db`), 404);
  await it.write(`${mount}/undelete/app/db`, { versions: [2] });
  await it.destroySecretVersions({ mount_point: mount, path: 'app/db', versions: [1] }).catch(async () => {
    await it.write(`${mount}/destroy/app/db`, { versions: [1] });
  });
  const left = await it.read(`${mount}/metadata/app/db`);
  assert.deepEqual([left.data.versions[1].destroyed, left.data.versions[2].deletion_time], [true, '']);
  await it.delete(`${mount}/metadata/app/db`);
  await refused(it.read(`${mount}/metadata/app/db`), 404);
  await refused(it.list(`${mount}/metadata`), 404);
});

tagged('core', 'key/value version 1, with and without the LIST verb', async () => {
  const mount = await mounted('1');
  for (const it of [client(), client(undefined, { noCustomHTTPVerbs: true })]) {
    await it.write(`${mount}/app/a`, { x: 1 });
    assert.deepEqual((await it.read(`${mount}/app/a`)).data, { x: 1 });
    assert.deepEqual((await it.list(`${mount}/app`)).data.keys, ['a']);
    await it.delete(`${mount}/app/a`);
    await refused(it.read(`${mount}/app/a`), 404);
  }
});

tagged('core', 'help', async () => {
  assert.ok((await client().help('sys/mounts')).help.length > 0);
});

tagged('core', 'mounts', async () => {
  const it = client();
  const name = await mounted('2');
  const other = unique('m');
  assert.ok(`${name}/` in (await it.mounts()).data);
  await refused(it.mount({ mount_point: name, type: 'kv' }), 400, 'path is already in use');
  await it.remount({ from: name, to: other });
  for (let tries = 0; !(`${other}/` in (await it.mounts()).data); tries += 1) {
    assert.ok(tries < 100, 'the mount did not move');
    await sleep(100);
  }
  await it.unmount({ mount_point: other });
  assert.ok(!(`${other}/` in (await it.mounts()).data));
  await refused(it.write(`${other}/data/a`, { data: {} }), 404, 'no handler for route');
});

tagged('core', 'policies', async () => {
  const it = client();
  const name = unique('policy');
  const rules = 'path "secret/data/mine" { capabilities = ["read"] }';
  await it.addPolicy({ name, rules });
  assert.equal((await it.getPolicy({ name })).rules, rules);
  assert.ok((await it.policies()).policies.includes(name));
  const made = await client().tokenCreate({ policies: [name] });
  const weak = client(made.auth.client_token);
  await refused(weak.read('secret/data/mine'), 404);
  await refused(weak.read('secret/data/yours'), 403, 'permission denied');
  await refused(weak.write('secret/data/mine', { data: {} }), 403, 'permission denied');
  await refused(it.addPolicy({ name, rules: 'path "a" {' }), 400);
  await it.removePolicy({ name });
  await refused(it.getPolicy({ name }), 404);
});

tagged('core', 'audit devices', async () => {
  const it = client();
  const name = unique('audit');
  await it.enableAudit({ name, type: 'file', options: { file_path: '/dev/null' } });
  assert.ok(`${name}/` in (await it.audits()).data);
  await it.disableAudit({ name });
});

tagged('core', 'tokens', async () => {
  const it = client();
  const made = (await client().tokenCreate({ policies: ['default'], ttl: '1h', meta: { team: 'db' } })).auth;
  assert.equal((await it.tokenLookup({ token: made.client_token })).data.meta.team, 'db');
  assert.equal((await it.tokenLookupAccessor({ accessor: made.accessor })).data.id, '');
  assert.ok((await it.tokenAccessors()).data.keys.includes(made.accessor));
  const own = client(made.client_token);
  assert.equal((await own.tokenLookupSelf()).data.accessor, made.accessor);
  assert.ok((await own.tokenRenewSelf({ increment: 7200 })).auth.lease_duration > 3600);
  await client().tokenRenew({ token: made.client_token, increment: 60 });
  await own.tokenRevokeSelf();
  await refused(own.tokenLookupSelf(), 403, 'permission denied');
  await refused(it.tokenLookup({ token: made.client_token }), 403, 'bad token');
});

tagged('core', 'trees of tokens, and roles', async () => {
  const it = client();
  const parent = (await client().tokenCreate({ policies: ['root'] })).auth;
  const asParent = () => client(parent.client_token);
  const child = (await asParent().tokenCreate({ policies: ['default'] })).auth;
  const orphan = (await asParent().tokenCreateOrphan({ policies: ['default'] })).auth;
  await it.tokenRevokeAccessor({ accessor: parent.accessor });
  await refused(client(child.client_token).tokenLookupSelf(), 403);
  assert.equal((await client(orphan.client_token).tokenLookupSelf()).data.orphan, true);
  const role = unique('role');
  await it.addTokenRole({ role_name: role, period: 3600 });
  assert.ok((await it.tokenRoles()).data.keys.includes(role));
  assert.equal((await client().tokenCreateRole({ role_name: role })).auth.lease_duration, 3600);
  await it.removeTokenRole({ role_name: role });
  await refused(it.getTokenRole({ role_name: role }), 404);
});

tagged('core', 'a token that expires', async () => {
  const made = (await client().tokenCreate({ policies: ['default'], ttl: '1s' })).auth;
  await sleep(2000);
  await refused(client(made.client_token).tokenLookupSelf(), 403, 'permission denied');
});

tagged('core', 'no token, and one that is none', async () => {
  await refused(visitor().read('secret/data/a'), 403);
  await refused(client('nobody').read('secret/data/a'), 403, 'permission denied');
});

tagged('logins', 'userpass', async () => {
  const it = client();
  const mount = unique('userpass');
  await it.enableAuth({ mount_point: mount, type: 'userpass' });
  assert.ok(`${mount}/` in (await it.auths()).data);
  await it.write(`auth/${mount}/users/ann`, { password: 'correct-horse', token_policies: 'default' });
  const her = visitor();
  const made = await her.userpassLogin({ mount_point: mount, username: 'ann', password: 'correct-horse' });
  assert.equal(her.token, made.auth.client_token);
  assert.equal((await her.tokenLookupSelf()).data.display_name, `${mount}-ann`);
  await refused(visitor().userpassLogin({ mount_point: mount, username: 'ann', password: 'wrong' }), 400,
    'invalid username or password');
  await it.disableAuth({ mount_point: mount });
  await refused(her.tokenLookupSelf(), 403);
});

tagged('logins', 'approle', async () => {
  const it = client();
  const mount_point = unique('approle');
  const role_name = 'web';
  await it.enableAuth({ mount_point, type: 'approle' });
  await it.addApproleRole({ mount_point, role_name, policies: 'default' });
  assert.deepEqual((await it.approleRoles({ mount_point })).data.keys, [role_name]);
  const { role_id } = (await it.getApproleRoleId({ mount_point, role_name })).data;
  const secret = (await it.getApproleRoleSecret({ mount_point, role_name })).data;
  const app = visitor();
  await app.approleLogin({ mount_point, role_id, secret_id: secret.secret_id });
  assert.deepEqual((await app.tokenLookupSelf()).data.policies, ['default']);
  await it.approleSecretAccessorDestroy({ mount_point, role_name, secret_id_accessor: secret.secret_id_accessor });
  await refused(visitor().approleLogin({ mount_point, role_id, secret_id: secret.secret_id }), 400, 'invalid role or secret ID');
  await it.deleteApproleRole({ mount_point, role_name });
  await refused(it.getApproleRole({ mount_point, role_name }), 404);
});

// A mount that trusts the issuer that run.py has started, with a role.
async function jwtMount() {
  const mount = unique('jwt');
  const { INTEROP_ISSUER: issuer, INTEROP_ISSUER_CA: authority } = process.env;
  await client().enableAuth({ mount_point: mount, type: 'jwt' });
  await client().write(`auth/${mount}/config`, { jwks_url: `${issuer}/keys`, jwks_ca_pem: readFileSync(authority, 'utf8') });
  await client().write(`auth/${mount}/role/web`, { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault'],
    claim_mappings: { team: 'team' }, token_policies: ['of-role'] });
  return mount;
}

tagged('logins', 'jwt', async () => {
  const [it, mount] = [visitor(), await jwtMount()];
  const made = await it.jwtLogin({ mount_point: mount, role: 'web', jwt: process.env.INTEROP_JWT });
  assert.deepEqual(made.auth.metadata, { role: 'web', team: 'blue' });
  assert.equal(it.token, made.auth.client_token);
  assert.equal((await it.tokenLookupSelf()).data.entity_id, made.auth.entity_id);
  await refused(visitor().jwtLogin({ mount_point: mount, role: 'web', jwt: `${process.env.INTEROP_JWT}x` }), 400);
});

tagged('logins', 'kubernetes', async () => {
  const [it, mount] = [visitor(), unique('kubernetes')];
  const { INTEROP_CLUSTER: cluster, INTEROP_CLUSTER_CA: authority, INTEROP_REVIEWER: reviewer, INTEROP_POD_JWT: jwt } = process.env;
  await client().enableAuth({ mount_point: mount, type: 'kubernetes' });
  await client().write(`auth/${mount}/config`, { kubernetes_host: cluster, kubernetes_ca_cert: readFileSync(authority, 'utf8'),
    token_reviewer_jwt: reviewer, disable_local_ca_jwt: true });
  await client().write(`auth/${mount}/role/web`, { bound_service_account_names: ['app'], bound_service_account_namespaces: ['prod'],
    audience: 'vault' });
  const made = await it.kubernetesLogin({ mount_point: mount, role: 'web', jwt });
  assert.equal(made.auth.metadata.service_account_name, 'app');
  assert.equal(it.token, made.auth.client_token);
  await refused(visitor().kubernetesLogin({ mount_point: mount, role: 'web', jwt: `${jwt}x` }), 403, 'permission denied');
});

tagged('identity', 'entities and groups', async () => {
  const [it, root, mount] = [visitor(), client(), await jwtMount()];
  const { auth } = await it.jwtLogin({ mount_point: mount, role: 'web', jwt: process.env.INTEROP_JWT });
  await root.write(`identity/entity/id/${auth.entity_id}`, { name: unique('entity'), policies: ['of-entity'] });
  await root.write('identity/group', { name: unique('group'), policies: ['of-group'], member_entity_ids: [auth.entity_id] });
  assert.deepEqual((await it.tokenLookupSelf()).data.identity_policies, ['of-entity', 'of-group']);
  assert.equal((await it.read(`identity/entity/id/${auth.entity_id}`)).data.aliases[0].name, 'ann');
  await root.write(`identity/entity/id/${auth.entity_id}`, { disabled: true });
  await refused(it.tokenLookupSelf(), 403, 'permission denied');
});

tagged('wrapping', 'an answer is opened once', async () => {
  const it = client();
  const wrapped = await it.write('sys/wrapping/wrap', { x: 1 }, { headers: { 'X-Vault-Wrap-TTL': '60' } });
  assert.equal(wrapped.wrap_info.ttl, 60);
  assert.deepEqual((await it.unwrap({ token: wrapped.wrap_info.token })).data, { x: 1 });
  await refused(it.unwrap({ token: wrapped.wrap_info.token }), 400, 'wrapping token is not valid or does not exist');
  const short = await it.write('sys/wrapping/wrap', { x: 1 }, { headers: { 'X-Vault-Wrap-TTL': '1s' } });
  await sleep(2000);
  await refused(it.unwrap({ token: short.wrap_info.token }), 400, 'wrapping token is not valid or does not exist');
});

tagged('leases', 'renewed never, revoked by their prefix', async () => {
  const it = client();
  const mount = unique('userpass');
  await it.enableAuth({ mount_point: mount, type: 'userpass' });
  await it.write(`auth/${mount}/users/ann`, { password: 'correct-horse' });
  const her = visitor();
  await her.userpassLogin({ mount_point: mount, username: 'ann', password: 'correct-horse' });
  const prefix = `auth/${mount}/login/ann`;
  const [id] = (await it.list(`sys/leases/lookup/${prefix}`)).data.keys;
  assert.equal((await it.write('sys/leases/lookup', { lease_id: `${prefix}/${id}` })).data.id, `${prefix}/${id}`);
  await refused(it.renew({ lease_id: `${prefix}/none` }), 400, 'lease not found');
  await it.write(`sys/leases/revoke-prefix/${prefix}`, { sync: true });
  await refused(her.tokenLookupSelf(), 403);
});

tagged('operator', 'the life of a server', async () => {
  const it = visitor(empty);
  assert.equal((await it.initialized()).initialized, false);
  assert.equal((await it.health()).initialized, false);
  const made = await it.init({ secret_shares: 3, secret_threshold: 2 });
  assert.equal(made.keys.length, 3);
  await refused(it.init({ secret_shares: 1, secret_threshold: 1 }), 400, 'already initialized');
  it.token = made.root_token;
  await refused(it.mounts(), 503);
  assert.equal((await it.unseal({ key: made.keys[0] })).progress, 1);
  assert.equal((await it.unseal({ key: made.keys[1] })).sealed, false);
  await it.rotate();
  const started = await it.generateRootInit();
  assert.equal(started.started, true);
  const half = await it.generateRootUpdate({ key: made.keys[0], nonce: started.nonce });
  assert.deepEqual([half.progress, half.complete], [1, false]);
  assert.equal((await it.generateRootUpdate({ key: made.keys[1], nonce: started.nonce })).complete, true);
  await it.seal();
  assert.equal((await it.status()).sealed, true);
  await refused(it.mounts(), 503);
});
