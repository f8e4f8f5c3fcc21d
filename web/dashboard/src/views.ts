// Every view, in the order of the menu. Another one is a file that exports a View, and a line here.
import { audit } from './audit.ts';
import { consent } from './consent.ts';
import { funnel } from './funnel.ts';
import { paths } from './paths.ts';
import { requests } from './requests.ts';
import { traffic } from './traffic.ts';
import type { View } from './view.ts';

export const VIEWS: View[] = [traffic, paths, funnel, consent, requests, audit];
