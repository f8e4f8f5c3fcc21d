import type { View } from './view.ts';
export const paths: View = { id: 'paths', title: 'paths', key: '2', roles: ['analyst', 'admin'], hasPeriod: true, mount: () => () => {} };
