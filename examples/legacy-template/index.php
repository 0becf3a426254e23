<?php
require $_SERVER['DOCUMENT_ROOT'] . '/bitrix/header.php';

global $APPLICATION, $USER;
$APPLICATION->SetTitle('Orders');

// The page gets what is published to this tag. PHP adds it while the page is made, and the page keeps it alive.
CPullWatch::Add($USER->GetID(), 'SHOP_ORDERS');

$orders = [
	['id' => 1042, 'customer' => 'Ivan Sokolov', 'total' => '12 400 ₽', 'status' => 'new'],
	['id' => 1041, 'customer' => 'Maria Orlova', 'total' => '3 150 ₽', 'status' => 'paid'],
	['id' => 1040, 'customer' => 'North Wind Ltd.', 'total' => '86 000 ₽', 'status' => 'sent'],
	['id' => 1039, 'customer' => 'Pavel Kim', 'total' => '740 ₽', 'status' => 'done'],
];
?>
<table class="orders">
	<thead>
		<tr><th>Order</th><th>Customer</th><th class="orders-total">Total</th><th>Status</th></tr>
	</thead>
	<tbody id="orders">
	<?php foreach ($orders as $order): ?>
		<tr data-order="<?= (int)$order['id'] ?>">
			<td>#<?= (int)$order['id'] ?></td>
			<td><?= htmlspecialcharsbx($order['customer']) ?></td>
			<td class="orders-total"><?= htmlspecialcharsbx($order['total']) ?></td>
			<td><span class="badge badge-<?= htmlspecialcharsbx($order['status']) ?>"><?= htmlspecialcharsbx($order['status']) ?></span></td>
		</tr>
	<?php endforeach ?>
	</tbody>
</table>

<script>
BX.ready(function () {
	var list = BX('orders');

	function cell(row, text, className) {
		var td = document.createElement('td');
		td.className = className || '';
		td.textContent = text;
		return row.appendChild(td);
	}

	// A class as modules have it: each command of "shop" leads to the method of its name.
	function OrderList() {}
	OrderList.prototype.getModuleId = function () { return 'shop'; };
	OrderList.prototype.handleOrderNew = function (order) {
		var row = document.createElement('tr');
		row.setAttribute('data-order', order.id);
		cell(row, '#' + order.id);
		cell(row, order.customer);
		cell(row, order.total, 'orders-total');
		cell(row, '').appendChild(document.createElement('span'));
		list.insertBefore(row, list.firstChild);
		this.handleOrderStatus(order);
	};
	OrderList.prototype.handleOrderStatus = function (order) {
		var row = list.querySelector('[data-order="' + Number(order.id) + '"]');
		if (!row) return;
		var badge = row.querySelector('span');
		badge.className = 'badge badge-' + order.status;
		badge.textContent = order.status;
		row.className = '';
		// Read, so that the animation begins anew.
		void row.offsetWidth;
		row.className = 'is-changed';
	};
	BX.PULL.subscribe(new OrderList());
	BX.PULL.extendWatch('SHOP_ORDERS');
});
</script>
<?php require $_SERVER['DOCUMENT_ROOT'] . '/bitrix/footer.php' ?>
