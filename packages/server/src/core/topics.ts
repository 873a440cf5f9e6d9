/** Internal addresses of the hub. Tenants and ids hold no `/`, so that no two things share an address. */
export function userTopic(tenant: string, userId: string): string {
  return `user/${tenant}/${userId}`;
}

/** What concerns all users of a tenant. */
export function tenantTopic(tenant: string): string {
  return `tenant/${tenant}`;
}

export function conversationTopic(tenant: string, conversationId: string): string {
  return `conversation/${tenant}/${conversationId}`;
}

/** What the agents of a tenant's desk see of it. */
export function deskTopic(tenant: string): string {
  return `desk/${tenant}`;
}

/** What is broadcast under a name, which may hold any characters. */
export function broadcastTopic(tenant: string, name: string): string {
  return `broadcast/${tenant}/${name}`;
}
