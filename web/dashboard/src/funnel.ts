import type { View } from './view.ts';
export const funnel: View = { id: 'funnel', title: 'funnel', key: '2', roles: ['analyst', 'admin'], hasPeriod: true, mount: () => () => {} };
