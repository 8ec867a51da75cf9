// Makes the bundles, certificates and keys of this folder with Sigstore's own mock of Fulcio and Rekor. It is run by hand:
//
//   npm install --no-save @sigstore/mock@0.12.1 @sigstore/sign@4.1.1 @sigstore/bundle@4.0.0 && node make.mjs
//
// Everything is new with each run. The keys are for tests only; no root that anybody trusts knows them.
import { createHash, createSign, generateKeyPairSync, sign as signRaw } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(process.env.NODE_FROM ?? import.meta.url);
// Back-dated, because a verifier refuses what was signed in its future.
const began = Date.parse('2026-01-15T12:00:00Z');
let now = began;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) { given.length > 0 ? super(...given) : super(now); }
  static now() { return now; }
};

const mock = require('@sigstore/mock');
const { DSSEBundleBuilder, FulcioSigner, RekorWitness } = require('@sigstore/sign');
const { bundleToJSON } = require('@sigstore/bundle');
const canonicalize = require('canonicalize');

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const spki = (key) => key.export({ format: 'der', type: 'spki' });
const pkcs8 = (key) => key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
const pem = (der) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

// The log. Sigstore's mock departs from Rekor: its body is the proposal, its PEM is unwrapped, and its tree has one entry.
class Log {
  constructor(host) { this.keys = pair(); this.id = sha256(spki(this.keys.publicKey)); this.host = host; this.next = 9895427; }
  body(proposed) {
    const { envelope, verifiers } = proposed.spec.proposedContent;
    const dsse = JSON.parse(envelope);
    const wrapped = pem(Buffer.from(Buffer.from(verifiers[0], 'base64').toString().replace(/-----[^-]*-----|\s/g, ''), 'base64'));
    return canonicalize({
      apiVersion: '0.0.1', kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(envelope).toString('hex') },
        payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(dsse.payload, 'base64')).toString('hex') },
        signatures: [{ signature: dsse.signatures[0].sig, verifier: Buffer.from(wrapped).toString('base64') }],
      },
    });
  }
  enter(proposed) {
    const body = Buffer.from(this.body(proposed));
    const logIndex = this.next++, integratedTime = Math.floor(now / 1000);
    const sibling = sha256(Buffer.from('the first entry'));
    const root = sha256(Buffer.from([1]), sibling, sha256(Buffer.from([0]), body));
    const set = canonicalize({ body: body.toString('base64'), integratedTime, logID: this.id.toString('hex'), logIndex });
    const note = `${this.host} - 1193050959916656506\n2\n${root.toString('base64')}\n`;
    const signature = signRaw('sha256', Buffer.from(note), this.keys.privateKey);
    const line = `\u2014 ${this.host} ${Buffer.concat([this.id.subarray(0, 4), signature]).toString('base64')}\n`;
    return {
      body: body.toString('base64'), integratedTime, logID: this.id.toString('hex'), logIndex,
      verification: {
        inclusionProof: { logIndex: 1, treeSize: 2, checkpoint: `${note}\n${line}`, hashes: [sibling.toString('hex')], rootHash: root.toString('hex') },
        signedEntryTimestamp: signRaw('sha256', Buffer.from(set), this.keys.privateKey).toString('base64'),
      },
    };
  }
}

const tamper = { log: undefined };
async function authority(log) {
  const keys = pair(), ctKeys = pair();
  const ct = await mock.initializeCTLog(ctKeys);
  const issue = async (handler, body) => handler.fn(body);
  const make = async (ctlog) => mock.initializeCA(keys, ctlog);
  const ca = await make(ct);
  return { ca, ctKeys, handler: mock.fulcioHandler(ca, { subjectClaim: 'sub' }), issue, log };
}

const serve = (routes) => new Promise((done) => {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      const { status, body } = await routes(request.url, Buffer.concat(parts).toString());
      response.writeHead(status, { 'Content-Type': 'application/json', Location: request.url });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }));
});

const base = {
  iss: 'https://token.actions.githubusercontent.com', event_name: 'push',
  repository: 'acme/tool', repository_id: '77', repository_owner: 'acme', repository_owner_id: '7',
  ref: 'refs/tags/v1.4.0', sha: '3f9ac21c0ffee0000000000000000000000000aa', workflow: 'Release',
  workflow_ref: 'acme/tool/.github/workflows/release.yml@refs/tags/v1.4.0', workflow_sha: '3f9ac21c0ffee0000000000000000000000000aa',
  job_workflow_ref: 'OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0', job_workflow_sha: 'c30b838000000000000000000000000000000000',
  runner_environment: 'github-hosted', repository_visibility: 'public', run_id: '77', run_attempt: '1',
};
const claims = (changed) => {
  const all = { ...base, ...changed };
  return { sub: `https://github.com/${all.job_workflow_ref}`, ...all };
};
const token = (all) => ['{"alg":"none"}', JSON.stringify({ aud: 'sigstore', exp: 4102444800, ...all }), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');

// The identities for which the tests sign themselves.
const identities = {
  good: {},
  'other-repository': { repository: 'evil/tool' },
  'other-signer': { job_workflow_ref: 'evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0' },
  'own-workflow': { job_workflow_ref: 'acme/tool/.github/workflows/ship.yml@refs/tags/v1.4.0' },
  'other-ref': { ref: 'refs/heads/main' },
  'other-tag': { ref: 'refs/tags/v1.3.0' },
  'other-commit': { sha: '0000000000000000000000000000000000000bad' },
  'other-issuer': { iss: 'https://gitlab.example' },
  'self-hosted': { runner_environment: 'self-hosted' },
  'next': { ref: 'refs/tags/v1.5.0' },
  'github': { sub: 'https://dotcom.releases.github.com', iss: undefined },
};

const log = new Log('rekor.example');
const ours = await authority(log);
const strangers = await authority(log);
const servers = {};
const start = async (name, who, witness) => {
  servers[name] = await serve(async (url, body) => {
    if (url.startsWith('/api/v2/signingCert')) {
      const { statusCode, response } = await who.handler.fn(body);
      return { status: statusCode, body: response };
    }
    const uuid = '24296fb24b8ad77a'.repeat(5);
    return { status: 201, body: JSON.stringify({ [uuid]: (witness ?? log).enter(JSON.parse(body)) }) };
  });
};
const strangeLog = new Log('rekor.stranger.example');
await start('ours', ours);
await start('strangers', strangers);
await start('strange-log', ours, strangeLog);

const file = Buffer.from('a file that is signed\n');
const statement = (changed = {}) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [
    { name: 'tool.txt', digest: { sha256: sha256(file).toString('hex') } },
    { name: 'SHA256SUMS', digest: { sha256: sha256(`${sha256(file).toString('hex')}  tool.txt\n`).toString('hex') } },
  ],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow: { ref: 'refs/tags/v1.4.0', repository: 'https://github.com/acme/tool', path: '.github/workflows/release.yml' } },
      internalParameters: { github: { event_name: 'push', repository_id: '77', repository_owner_id: '7', runner_environment: 'github-hosted' } },
      resolvedDependencies: [{ uri: 'git+https://github.com/acme/tool@refs/tags/v1.4.0', digest: { gitCommit: base.sha } }],
    },
    runDetails: {
      builder: { id: 'https://github.com/OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0' },
      metadata: { invocationId: 'https://github.com/acme/tool/actions/runs/77/attempts/1' },
    },
  },
  ...changed,
});

async function bundle(at, all, signed = statement()) {
  const url = servers[at].url;
  const signer = new FulcioSigner({ fulcioBaseURL: url, identityProvider: { getToken: async () => token(all) } });
  const witness = new RekorWitness({ rekorBaseURL: url, entryType: 'dsse' });
  const made = await new DSSEBundleBuilder({ signer, witnesses: [witness] }).create({ type: 'application/vnd.in-toto+json', data: Buffer.from(JSON.stringify(signed)) });
  return bundleToJSON(made);
}

const bundles = {};
for (const [name, changed] of Object.entries(identities)) {
  if (name !== 'github') bundles[name] = await bundle('ours', claims(changed));
}
bundles['other-predicate'] = await bundle('ours', claims({}), statement({ predicateType: 'https://example.com/opinion/v1' }));
bundles['other-file'] = await bundle('ours', claims({}), statement({ subject: [{ name: 'tool.txt', digest: { sha256: '0'.repeat(64) } }] }));
bundles['person'] = await bundle('ours', { ...claims({}), sub: 'https://accounts.example/somebody' });
bundles['strange-authority'] = await bundle('strangers', claims({}));
bundles['strange-log'] = await bundle('strange-log', claims({}));
// Signed by the key of a certificate that had expired an hour before.
{
  const proper = log.enter.bind(log);
  log.enter = (proposed) => { now = began + 3_600_000; try { return proper(proposed); } finally { now = began; } };
  bundles['expired'] = await bundle('ours', claims({}));
  log.enter = proper;
}
// The log entry of another signature by the same identity.
{
  const other = await bundle('ours', claims({}));
  bundles['other-entry'] = structuredClone(bundles.good);
  bundles['other-entry'].verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
  bundles['two-signatures'] = structuredClone(bundles.good);
  bundles['two-signatures'].dsseEnvelope.signatures.push(other.dsseEnvelope.signatures[0]);
  bundles['other-certificate'] = structuredClone(bundles.good);
  bundles['other-certificate'].verificationMaterial.certificate = other.verificationMaterial.certificate;
  bundles['no-log'] = structuredClone(bundles.good);
  bundles['no-log'].verificationMaterial.tlogEntries = [];
}

const keys = {};
for (const [name, changed] of Object.entries(identities)) {
  const own = pair();
  const all = name === 'github' ? { sub: changed.sub, iss: '' } : claims(changed);
  const publicKey = own.publicKey.export({ format: 'pem', type: 'spki' });
  const { statusCode, response } = await ours.handler.fn(JSON.stringify({
    credentials: { oidcIdentityToken: token(all) },
    publicKeyRequest: { publicKey: { algorithm: 'ECDSA', content: publicKey } },
  }));
  if (statusCode !== 201) throw new Error(`${name}: ${response}`);
  const [leaf] = JSON.parse(response).signedCertificateEmbeddedSct.chain.certificates;
  keys[name] = { certificate: leaf.replace(/-----[^-]*-----|\s/g, ''), key: pkcs8(own.privateKey) };
}

const since = new RealDate(began - 86_400_000).toISOString().replace('.000', '');
const logKey = (key) => ({ rawBytes: spki(key).toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: since } });
const root = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [{ baseUrl: 'https://rekor.example', hashAlgorithm: 'SHA2_256', publicKey: logKey(log.keys.publicKey), logId: { keyId: log.id.toString('base64') } }],
  certificateAuthorities: [{
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: 'https://fulcio.example',
    certChain: { certificates: [{ rawBytes: ours.ca.rootCertificate.toString('base64') }] }, validFor: { start: since },
  }],
  ctlogs: [{ baseUrl: 'https://ct.example', hashAlgorithm: 'SHA2_256', publicKey: logKey(ours.ctKeys.publicKey), logId: { keyId: sha256(spki(ours.ctKeys.publicKey)).toString('base64') } }],
};

const write = (name, value) => writeFileSync(name, typeof value === 'string' ? value : `${JSON.stringify(value, undefined, 1)}\n`);
rmSync('bundles', { recursive: true, force: true });
mkdirSync('bundles');
for (const [name, made] of Object.entries(bundles)) write(`bundles/${name}.json`, made);
// One line, because gh reads JSON Lines.
write('root.json', `${JSON.stringify(root)}\n`);
write('identities.json', { time: began / 1000, log: { host: log.host, key: pkcs8(log.keys.privateKey) }, identities: keys });
write('tool.txt', file.toString());
write('SHA256SUMS', `${sha256(file).toString('hex')}  tool.txt\n`);
for (const server of Object.values(servers)) server.close();
