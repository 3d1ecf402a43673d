/*
 * people.h: small things that core's own files share about people. Not for the faces.
 */
#ifndef CORE_PEOPLE_H
#define CORE_PEOPLE_H

#include "core/login.h"
#include "core/person.h"

/* Books a password proof: clears the count when right (OK and *out), else counts: ERR_DENIED or
 * ERR_LIMITED. `login` is what was typed. */
enum err password_count(struct ctx *cx, struct db *db, const struct password_proof *proof,
                        struct str login, const struct origin *from, struct person *out);

/* The new address counts at once: look-up, messages, and the e-mail factor if it is on. Resets to
 * the old one die. ERR_EXPIRED: it is somebody else's by now. */
enum err person_set_email(struct ctx *cx, struct db *db, const struct person *p, struct str email);

/* Sets a hash that the pool made, ends other sessions (keep_session_id stays), mails a notice. why:
 * the event of the audit. */
enum err person_set_password(struct ctx *cx, struct db *db, int64_t id, struct str hash,
                             bool password_long, int64_t keep_session_id, const char *why,
                             const struct origin *from);

/* Mails a link to choose a new password to somebody whose old one is distrusted, and says that it
 * no longer works; asks no budget. */
enum err reset_send(struct ctx *cx, struct db *db, const struct person *p);

/* After any change of credentials: open attempts, reset links, asked-for addresses and factors that
 * somebody was setting up die, sessions but keep_id end. */
enum err credentials_changed(struct ctx *cx, struct db *db, int64_t person_id, int64_t keep_id,
                             const char *why);

#endif
