import type { View } from './view.ts';
export const consent: View = { id: 'consent', title: 'consent', key: '2', roles: ['analyst', 'admin'], hasPeriod: true, mount: () => () => {} };
