// The lab's OpenID Connect provider: oidc-provider on loopback, with a plain log-in form and people from a file.
//
//   node server.mjs CONFIG.json
//
// CONFIG holds {port, issuer, people: path, resources: [url], clients: [...]}. Everything else lives in memory. Keys are
// changed by POST /lab/rotate-keys, which keeps the old ones until the next time, as a provider does.

import { createServer } from 'node:http'
import { generateKeyPair, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Provider, errors } from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const secondsOfAccess = config.access_token_seconds ?? 600

const people = () => JSON.parse(readFileSync(config.people, 'utf8')).people // read anew: tests move people about
const bySub = (sub) => people().find((person) => person.sub === sub)

async function newKey () {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }
}

const claims = {
  openid: ['sub'],
  profile: ['name', 'preferred_username', 'locale'],
  email: ['email', 'email_verified'],
  groups: ['groups', 'tenant']
}

async function findAccount (_ctx, sub) {
  const person = bySub(sub)
  if (!person) return undefined
  return {
    accountId: sub,
    claims: () => ({
      sub, name: person.name, preferred_username: person.login, locale: person.locale,
      email: person.email, email_verified: true, groups: person.groups, tenant: person.tenant
    })
  }
}

// Our own programs ask for nothing that their people would have to agree to first.
async function loadExistingGrant (ctx) {
  const { client, session, provider } = ctx.oidc
  const known = session.grantIdFor(client.clientId)
  const grant = (known && await provider.Grant.find(known)) ||
    new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(Object.keys(claims).join(' '))
  await grant.save()
  return grant
}

const resourceIndicators = {
  enabled: true,
  defaultResource: () => undefined,
  useGrantedResource: () => true,
  getResourceServerInfo (_ctx, resource) {
    if (!config.resources.includes(resource)) throw new errors.InvalidTarget()
    return {
      audience: resource, scope: config.resource_scopes, accessTokenFormat: 'jwt', accessTokenTTL: secondsOfAccess,
      jwt: { sign: { alg: 'RS256' } }
    }
  }
}

function provide (keys) {
  const made = new Provider(config.issuer, {
    clients: config.clients,
    jwks: { keys },
    claims,
    conformIdTokenClaims: false, // what we ask for comes in the ID token
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    cookies: { keys: [cookieKey] },
    pkce: { required: () => true },
    findAccount,
    loadExistingGrant,
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options), // its own refuses loopback, where the lab lives
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: { ClientCredentials: secondsOfAccess, Session: 3600, Interaction: 600, Grant: 3600, AccessToken: 600, IdToken: 600 },
    renderError (ctx, out) { ctx.body = html(`<h1>${escaped(out.error)}</h1><p>${escaped(out.error_description ?? '')}</p>`) },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators,
      rpInitiatedLogout: {
        enabled: true,
        logoutSource (ctx, form) { // the library's own pages fetch a font from elsewhere
          ctx.body = html(`<h1>Sign out of the lab?</h1>${form}
            <p><button form="op.logoutForm" name="logout" value="yes">Yes</button></p>`)
        },
        postLogoutSuccessSource (ctx) { ctx.body = html('<h1>Signed out of the lab</h1>') }
      },
      backchannelLogout: { enabled: true }
    }
  })
  for (const event of ['server_error', 'backchannel.error']) made.on(event, (_ctx, error) => console.error(event, error))
  return made
}

const cookieKey = randomBytes(32).toString('hex')
let keys = [await newKey()]
let provider = provide(keys)
let answer = provider.callback()

const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const html = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Lab</title><body>${body}</body></html>`

function page (res, status, body) {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
  res.end(html(body))
}

function form (res, uid, status, said) {
  page(res, status, `<h1>Sign in to the lab</h1>${said ? `<p id="said">${escaped(said)}</p>` : ''}
    <form method="post" action="/interaction/${escaped(uid)}">
    <p><label>Login <input name="login" id="login" autocomplete="username" autofocus></label></p>
    <p><label>Password <input name="password" id="password" type="password" autocomplete="current-password"></label></p>
    <p><button id="go">Sign in</button></p></form>`)
}

async function bodyOf (req) {
  let text = ''
  for await (const part of req) {
    text += part
    if (text.length > 10_000) throw new Error('the body is too long')
  }
  return new URLSearchParams(text)
}

const same = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

async function interact (req, res, uid) {
  const { prompt } = await provider.interactionDetails(req, res)
  if (prompt.name !== 'login') return page(res, 400, `<p>The lab has no page for ${escaped(prompt.name)}.</p>`)
  if (req.method !== 'POST') return form(res, uid, 200)
  const given = await bodyOf(req)
  const person = people().find((one) => one.login === given.get('login'))
  if (!person || !same(person.password, given.get('password') ?? '')) {
    return form(res, uid, 401, 'That login and password do not belong together.')
  }
  await provider.interactionFinished(req, res, { login: { accountId: person.sub } })
}

async function rotate (res) {
  keys = [await newKey(), keys[0]]
  provider = provide(keys)
  answer = provider.callback()
  res.writeHead(204).end()
}

const server = createServer(async (req, res) => {
  const path = new URL(req.url, config.issuer).pathname
  const uid = /^\/interaction\/([\w-]+)$/.exec(path)?.[1]
  try {
    if (uid) await interact(req, res, uid)
    else if (path === '/lab/rotate-keys' && req.method === 'POST') await rotate(res)
    else await answer(req, res)
  } catch (error) {
    if (!res.headersSent) page(res, error.statusCode ?? 500, `<p>${escaped(error.error_description ?? error.message)}</p>`)
    else res.end()
  }
})
server.listen(config.port, '127.0.0.1', () => console.log(`ready ${config.issuer}`))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)).closeAllConnections())
