/* SPDX-License-Identifier: GPL-2.0 */
/* Memory nodes that come after the module was loaded, and go. */
#ifndef TCSLAB_NODE_WATCH_H
#define TCSLAB_NODE_WATCH_H

/* From here on they are served; and no more.  Task context. */
void tcslab_nodes_watch(void);
void tcslab_nodes_unwatch(void);

#endif /* TCSLAB_NODE_WATCH_H */
