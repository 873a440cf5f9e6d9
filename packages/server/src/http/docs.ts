import type { Api } from './api.ts';
import { documented, withOptionalBodies } from './documented.ts';
import { DOCUMENT_SCHEMAS } from './event-form.ts';

const DESCRIPTION = `Users, groups and history of the haina message server.

Get a token by \`POST /api/v1/login\` and send it as \`Authorization: Bearer <token>\`. Refusals are JSON:
\`{code, message, field?, limit?}\`.`;

/** Swagger UI styles elements in place; nothing is loaded from elsewhere. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** The OpenAPI page at /docs, made of the schemas of the routes that are registered after this call. */
export async function registerDocs(api: Api, version: string): Promise<void> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  await api.register(swagger, {
    refResolver: { buildLocalReference: (schema) => String(schema.$id) },
    transform: ({ schema, url }) => ({ schema: documented(schema), url }),
    transformObject: (made) =>
      'openapiObject' in made ? withOptionalBodies(made.openapiObject) : made.swaggerObject,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'haina',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This server' }],
      components: {
        schemas: { ...DOCUMENT_SCHEMAS },
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          tokenInQuery: { type: 'apiKey', in: 'query', name: 'token' },
        },
      },
      tags: [
        { name: 'login', description: 'From a password to a token' },
        { name: 'users', description: 'Who can chat' },
        { name: 'groups', description: 'Conversations of many' },
        { name: 'members', description: 'Who is in a group' },
        { name: 'rooms', description: 'Conversations of those who are there' },
        { name: 'conversations', description: 'What was said' },
        { name: 'messages', description: 'Taking back what was said' },
        { name: 'files', description: 'What messages hold beside their text' },
        { name: 'notifications', description: 'What all users are told, or some' },
        { name: 'events', description: 'What other systems say, and learn' },
        { name: 'admin', description: 'What binds all users, or one, and who changed it' },
        { name: 'desk', description: 'Customer service: sessions, figures, broadcasts' },
        { name: 'operation', description: 'For those who run the server' },
      ],
    },
  });
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    uiConfig: { persistAuthorization: false, docExpansion: 'list' },
    // The bar on top names the maker of the page and asks for an address: neither is of use here.
    theme: {
      title: 'haina API',
      css: [{ filename: 'haina.css', content: '.swagger-ui .topbar{display:none}' }],
    },
  });
}
