/** What the secret members of an event are sealed for: a JSON object that joins `data` when it is delivered. */
export const EVENT_SECRET = 'event.secret';
