/* The tree of folders and files that a list of paths means. */
#ifndef WL_VOLUME_TREE_H
#define WL_VOLUME_TREE_H

#include "daemon/volume/layout.h"

/*
 * Makes l->nodes from l->order.files: links and names, no places yet. 0; -EBADMSG with name.empty,
 * name.too-long, volume.too-deep, name.duplicate (one path is a file and a folder, or twice there)
 * or volume.too-many-files; -ENOMEM.
 */
int wl_tree_make(struct wl_layout *l, struct wl_finding *ret_finding);

#endif
