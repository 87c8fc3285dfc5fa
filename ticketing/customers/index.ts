export { customerRoutes } from './customer-routes.ts';
export { findContactByPhone } from './find-contact.ts';
export { CUSTOMER_MIGRATIONS } from './migrations.ts';
export { contactsOf, findCustomer, findSite } from './records.ts';
export { siteRoutes } from './site-routes.ts';
